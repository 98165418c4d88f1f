"""The court: findings, cases, notices, decisions, sanctions, appeals, reinstatement. It never asks who accuses."""
