"""The rules of `check_books`, by what they look at. Each yields one sentence per breach, over some orders."""
