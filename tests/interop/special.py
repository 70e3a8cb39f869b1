def run(options, place, tested, report, pool, peers):
    pass
