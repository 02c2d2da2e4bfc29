// The page of the query builder with script.
import { enableBuilder } from "./builder.js";

const place = document.getElementById("builder");
place.dataset.keep = "";
enableBuilder(place, () => {});
