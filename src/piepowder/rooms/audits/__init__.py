"""Audits of developers: drawn by sample or risk, evidence asked for, findings, result on the profile."""
