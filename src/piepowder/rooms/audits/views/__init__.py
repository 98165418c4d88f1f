"""Pages of audits: of staff, of the assessor, of the developer."""
