"""Exams graded in a session: by pairs of models and several tries, rubric stage first, then assessment stage. Pure.

1. ``request``        what is asked for, and the plan that is graded
2. ``placeholders``   templates of prompts (``templates`` has the program's own)
3. ``material``       pages as a model gets them: pictures, or numbered lines
4. ``prompts``        both stages' requests
5. ``readings``       the rubric stage's reply; ``assessments``, ``marks``: the assessment stage's, and what it is worth
6. ``combining``      one result out of all tries; ``report``: as it is stored
"""
