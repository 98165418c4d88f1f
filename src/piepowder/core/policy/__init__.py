"""The language of policy: questions, decisions, packs; Cedar behind one file (`cedar.py`). Pure."""
