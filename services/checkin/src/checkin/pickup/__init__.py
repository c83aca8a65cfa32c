"""Pick-up: handing packs over, once each, and undoing that."""
