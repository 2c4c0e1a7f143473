;; Never comes into being.
(func $instantiate
  (loop $again (br $again)))
