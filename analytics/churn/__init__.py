"""Who is about to leave: features from stored events, honest backtests, calibrated scores, reasons.

Pure, without Django: definition, rollup, features, candidates, training, quality, backtest, bands. They take a DuckDB
connection or arrays and return frozen values, so that the nightly job, `backtest_churn` and the tests run the same
code. Whatever imports scikit-learn (candidates, training, quality, backtest) is imported inside functions only.
"""
