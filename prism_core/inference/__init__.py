"""Language models behind one seam, and the planner that is made of one."""
