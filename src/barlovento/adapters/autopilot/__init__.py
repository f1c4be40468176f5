"""A simulated autopilot: JSBSim's F450 quadcopter, flown by our own pilot behind MAVLink.

    commands   the closed list of what it obeys
    f450       the flight dynamics
    control    from a wished velocity to the rotors
    pilot      modes, mission, arming
    endpoint   the MAVLink side of it, without sockets
    service    a UDP port on this machine
    flying     a whole mission at once, as fast as it goes

It speaks to no aircraft.
"""
