"""Questionnaires, answers, score, decisions and clocks. Pure."""
