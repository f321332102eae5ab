"""What the line of numbers under each explorer must say, computed another way.

Notebook's stem -> function: the sliders' values by name -> the numbers of the line, in its order.
"""

ORACLES = {}
