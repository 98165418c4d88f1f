"""The console: home, ledger, apps, grants, policy. Reads named reads, calls one action; decides nothing itself."""
