"""Questionnaires as data, answers with evidence, score and gaps, review answer by answer, renewal."""
