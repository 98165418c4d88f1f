"""The books are only added to, and what is added balances: whoever has the database but no right to its triggers cannot bend them."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION billing_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is only added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$
"""
STAY = "CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION billing_refuse_change()"
TABLES = ("billing_entry", "billing_posting", "billing_statement", "billing_monthrun")

# Looked at when the transaction commits: an entry and its postings are written one after the other.
BALANCE = """
CREATE FUNCTION billing_check_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1
       FROM billing_entry e LEFT JOIN billing_posting p ON p.entry_id = e.id
      WHERE e.id = NEW.id
      GROUP BY e.id
     HAVING coalesce(sum(p.amount), 0) <> 0
         OR coalesce(sum(p.amount) FILTER (WHERE p.account = e.seller_id), 0) <> e.gross
         OR coalesce(sum(p.amount) FILTER (WHERE p.account = 'marketplace'), 0) <> -e.commission;
    IF FOUND THEN
        RAISE EXCEPTION 'the postings of entry % do not balance', NEW.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$
"""
BALANCED = """
CREATE CONSTRAINT TRIGGER billing_entry_balances AFTER INSERT ON billing_entry DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION billing_check_balance()
"""
# A posting that comes later than its entry's own transaction would unbalance it: it is looked at as well.
POSTED = """
CREATE FUNCTION billing_check_posting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM billing_posting WHERE entry_id = NEW.entry_id HAVING sum(amount) <> 0;
    IF FOUND THEN
        RAISE EXCEPTION 'the postings of entry % do not balance', NEW.entry_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$
"""
POSTINGS = """
CREATE CONSTRAINT TRIGGER billing_posting_balances AFTER INSERT ON billing_posting DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION billing_check_posting()
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]

    operations = [
        migrations.RunSQL(REFUSE, "DROP FUNCTION billing_refuse_change"),
        *(
            migrations.RunSQL(STAY.format(table=table), f"DROP TRIGGER {table}_stays ON {table}") for table in TABLES
        ),
        migrations.RunSQL(BALANCE, "DROP FUNCTION billing_check_balance"),
        migrations.RunSQL(BALANCED, "DROP TRIGGER billing_entry_balances ON billing_entry"),
        migrations.RunSQL(POSTED, "DROP FUNCTION billing_check_posting"),
        migrations.RunSQL(POSTINGS, "DROP TRIGGER billing_posting_balances ON billing_posting"),
    ]
