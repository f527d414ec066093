"""A page that runs a model in a browser, with nothing from the network.

page.py        `html`: the page's parts, in one file      (page.html.in, page.css)
cells.py       what a row of the page holds, and the encoder as comparisons with it
payload.py     the model as the page's script reads it
engine.js      encoder, circuit and readout on 32 rows at a time
draw.js        the input of images; form.js: that of tables
gates.js       the circuit as lamps
page.js        what joins them

The scripts share one scope; only what is in `engine.js` decides anything.
"""
