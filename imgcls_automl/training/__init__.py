"""One trial, from a candidate to its result. Keras lives here, on whichever backend; only workers import it."""
