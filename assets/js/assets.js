// The script of the gallery and of one asset, beside that of every page.
import { startGallery } from "./gallery.js";
import { startPicking } from "./picking.js";
import { startStage } from "./stage.js";

startGallery();
startPicking();
startStage();
