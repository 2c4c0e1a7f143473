;; Crashes while it comes into being.
(func $instantiate (unreachable))
