"""Use cases of the forecast room, by noun.

registry  which models there are, which one is live, rolling back
histories a stock's closes as a forecast may see them
making    a forecast of the last complete session, for one stock or all
maturing  scoring what has come true, and the drift alarm
board     who is right how often
filling   forecasts of the past, each by a model trained before it
training  new candidates, and whether they may go live
reads     what pages and scripts see
"""
