// TeX in, MathML out: each line of input is [tex, display] as JSON, each line of output a string.
const path = require("path");
const readline = require("readline");

const MATHJAX = path.join(__dirname, "../vendor/mathjax");
const LOADER = { paths: { mathjax: MATHJAX }, load: ["input/tex", "adaptors/liteDOM"], versionWarnings: false };
const lines = readline.createInterface({ input: process.stdin });

require(path.join(MATHJAX, "node-main.js")).init({ loader: LOADER }).then((MathJax) => {
  lines.on("line", (line) => {
    const [tex, display] = JSON.parse(line);
    console.log(JSON.stringify(MathJax.tex2mml(tex, { display })));
  });
});
