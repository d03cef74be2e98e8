"""Messages of the tap, collected by running the cases that produce them."""
