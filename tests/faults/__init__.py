"""The faults that a lab will see, each as a test against the running parts: nothing lost, nothing twice, visible."""
