"""What is worth knowing of a data set before anything is trained on it."""
