"""The objects of advertisers and Business Centers, generated from the seed."""
