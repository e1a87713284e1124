// The only script of a page: starts one small module per behaviour. Each listens on the document, so parts of a page
// that are swapped in later need no set-up. Without any of this every page can be read and every form sent.
import { startArrivals } from "./arrivals.js";
import { startCopy } from "./copy.js";
import { startFilling } from "./fill.js";
import { startForms } from "./forms.js";
import { startMenus } from "./menus.js";
import { startPasskeys } from "./passkeys.js";
import { startPolling } from "./poll.js";
import { startPrices } from "./prices.js";
import { startRefreshing } from "./refresh.js";
import { startSearch } from "./search.js";
import { startTheme } from "./theme.js";
import { startTimes } from "./times.js";
import { startTriage } from "./triage.js";

startMenus();
startSearch();
startTheme();
startCopy();
startRefreshing();
startPasskeys();
startForms();
startPrices();
startTimes();
startTriage();
startPolling();
startFilling();
startArrivals();
