"""Clock, ids, errors, configuration, the one JSON module, keys, embedded PostgreSQL: what every room stands on."""
