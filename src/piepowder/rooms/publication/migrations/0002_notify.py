"""The one row of the version, and the trigger that tells every gateway of a new number at the commit."""

from django.db import migrations

FORWARD = """
INSERT INTO publication_version (id, number) VALUES (1, 0);

CREATE FUNCTION publication_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('piepowder_facts', NEW.number::text);
    RETURN NULL;
END
$$;

CREATE TRIGGER publication_tell AFTER UPDATE ON publication_version
    FOR EACH ROW EXECUTE FUNCTION publication_tell();
"""

BACKWARD = """
DROP TRIGGER publication_tell ON publication_version;
DROP FUNCTION publication_tell();
DELETE FROM publication_version;
"""


class Migration(migrations.Migration):
    dependencies = [("publication", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
