"""What a person did who wrote a claim that is not true: beliefs that would make it true, tried one by one."""
