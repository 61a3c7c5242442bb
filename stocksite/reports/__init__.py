"""What a person takes away: one frozen report object, shown as page, PDF and JSON.

service/building ─> building/ (pure) ─> Report ─> plain.py ─> stored JSON, its SHA-256 the id
                                                      ├─> templates/reports/_body.html ─> page
                                                      ├─> the same _body.html ─> PDF (worker)
                                                      └─> the same JSON ─> API, attachment, CSV
"""
