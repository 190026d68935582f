"""No crash loses or doubles anything: kill -9 at every step, engines that go away and come back."""
