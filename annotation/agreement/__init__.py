"""Agreement reports: from judgments to ratings, computed by a worker, stored, shown with what is behind them."""
