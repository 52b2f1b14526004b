"""Knowing how far to trust a grade. Pure: marks in, numbers out; standard library and pydantic only.

1. ``marks``          what is compared, and when two marks are the same
2. ``discrepancies``  where two raters differ, counted
3. ``statistics``     how far they agree, beyond chance
4. ``bootstrap``      how sure that is
5. ``severity``       models of different severity brought to one scale (``equating``, ``scale``, ``linked``)
6. ``report``         all of it over human grades, models and tries (``raters``, ``comparison``)
7. ``human``          a teacher's file of grades, and whose they are (``matching``)
"""
