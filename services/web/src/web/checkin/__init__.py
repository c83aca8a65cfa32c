"""The app that hands out race packs: one page and the files that devices keep for a hall without a network."""
