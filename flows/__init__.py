"""Who starts what, in which order: the run of an order, the forms, the sweeps, the command line."""

import gc

from tasks.scrubbing import install

# A run lives for a second and loads some hundred thousand objects that stay: looking them over again
# and again took a quarter of its start.
gc.set_threshold(50_000, 20, 50)

install()
