"""The doors of consent: machines' (`oauth`), the consent page (`authorise`), the seller's own page (`my_apps`)."""
