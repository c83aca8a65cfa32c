"""The stock of jerseys: how many were brought to the pick-up, handed out, and are still to be collected."""
