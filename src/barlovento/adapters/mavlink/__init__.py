"""A ground station's side of MAVLink: puts a cleared sortie onto an autopilot, and watches it fly.

    address       which line a person named; this machine unless another is named plainly
    line          datagrams in and out, with a clock
    station       messages to and from one autopilot
    items         what a mission may hold, and when two are the same
    transfer      missions, fences and rally points up and back
    parameters    values, also of autopilots that write whole numbers into a float's bytes
    families      what ArduPilot, PX4 and the simulated autopilot do their own way
    upload        the whole of it: up, back, compared, armed
    telemetry     what an autopilot tells, as one record

It speaks the closed list of :mod:`barlovento.adapters.autopilot.commands` and nothing else.
"""
