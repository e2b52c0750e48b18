//! gopark: goroutines and a network poller, as in Go.
