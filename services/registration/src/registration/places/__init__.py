"""Places of a category: taking, offering and releasing them."""
