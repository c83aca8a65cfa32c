"""The routers of this part, in the order in which they are asked: fixed paths before those with the id of a race."""

from typing import Final

from fastapi import APIRouter

from web.console.races.category_forms import router as categories
from web.console.races.colors import router as colors
from web.console.races.copies import router as copies
from web.console.races.course import router as course
from web.console.races.listing import router as listing
from web.console.races.pictures import router as pictures
from web.console.races.places import router as places
from web.console.races.publishing import router as publishing
from web.console.races.race_forms import router as race_forms
from web.console.races.race_page import router as race_page

routers: Final[tuple[APIRouter, ...]] = (
    listing,
    colors,
    race_forms,
    race_page,
    publishing,
    copies,
    pictures,
    course,
    categories,
    places,
)
