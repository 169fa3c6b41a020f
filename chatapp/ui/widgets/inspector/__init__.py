"""The inspector at the right: a row of tab names, and below it the tab that is shown.

`frame.Inspector` knows nothing of what its tabs hold. It is given a factory for each, by name, in the order of
`frame.TABS`; `screens/inspection.py` puts them together, and a name without a factory is not offered. What a tab owes
to the frame and what it gets from it:

- It is made when it is first shown, so its module is imported inside the factory, and it is shown as a whole:
  it takes all the room below the names. Hidden, it is not displayed and draws nothing.
- Each time it comes to be seen, first or again, `messages.TabOpened(name, tab)` bubbles to the screen once it is
  mounted: then it is to be filled with what holds now. Whoever fills a tab asks `Inspector.shown_tab(name)` whether
  it is to be seen, and leaves it alone where it is not.
- Its method `take_focus()` lets the keys go to where they belong; without one the tab itself gets the focus.
"""

from chatapp.ui.widgets.inspector.frame import TABS, Inspector, TabFactory, TabName

__all__ = ["TABS", "Inspector", "TabFactory", "TabName"]
