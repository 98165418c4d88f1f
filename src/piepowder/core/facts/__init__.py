"""What the gateway knows: frozen facts and their numbered changes, the contract between the two planes."""
