"""Foundations, free of Django: the code that must give the same answer at the gate, in a backtest and in a simulator."""
