// mermaid.tiny.js is a classic script, and nbconvert imports a module: this one runs it as a script.
const script = document.createElement("script");
script.src = new URL("mermaid.tiny.js", import.meta.url);
await new Promise((resolve, reject) => {
    script.onload = resolve;
    script.onerror = reject;
    document.head.append(script);
});
export default globalThis.mermaid;
