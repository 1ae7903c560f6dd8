"""Who a client is: pure checks of what it presents against what the operator configured."""
