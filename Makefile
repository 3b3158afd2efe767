# For fingers that type make; everything is in dev.py.
.PHONY: demo test setup lint bench prove lock
demo test setup lint bench prove lock:
	@python3 dev.py $@
