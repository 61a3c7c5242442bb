"""What people keep an eye on."""
