"""Crashes of the real daemon: killed at each system call that touches state, at random under load; and I/O errors."""
