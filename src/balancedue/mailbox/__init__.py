"""The demo's mail server and the pages to read what arrived. Imports nothing from the rest of balancedue."""
