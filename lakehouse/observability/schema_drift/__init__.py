"""Whether pins still have the fields they had: what is new, what has another type, what is lost."""
