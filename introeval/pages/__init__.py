"""Exam pages: what was handed in becomes page images, page images become numbered lines, lines become marks.

1. ``images``, ``documents``   bytes that nobody trusts -> page images that we made (in a confined child process)
2. ``ocr``, ``vision``         page images -> lines of text with a confidence, kept per page
3. ``lines`` and after         lines and marking points -> a prompt, a reply, marks (pure)

Nothing here imports Pillow, pdfium, NumPy or the text recognition in the daemon's own process.
"""
