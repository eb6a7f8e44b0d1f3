"""What Certify costs, as ratios against a peer in the same run where there is one: `make bench`."""
