"""The page `/`: an image in, its answer out."""

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>lenet serve</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 40rem; padding: 0 1rem }
table { border-collapse: collapse } td { padding: 0 .8rem 0 0 }
.bar { background: #36c; display: inline-block; height: .8rem }
canvas { image-rendering: pixelated; height: 168px; margin-right: 1rem } #error { color: #a00 }
</style>
<h1>lenet serve</h1>
<p><select id="model"></select> <input type="file" id="file" accept="image/*"></p>
<p id="error"></p>
<p><canvas id="seen" width="0" height="0"></canvas><canvas id="map" width="0" height="0"></canvas></p>
<p id="answer"></p>
<table id="table"></table>
<p><a href="/v1/model">the network</a> · <a href="/openapi.json">all paths</a> · <a href="/metrics">metrics</a> ·
<a href="/readyz">readiness</a></p>
<script>
const get = id => document.getElementById(id);
function draw(canvas, rows, colour) {
  canvas.width = rows[0].length; canvas.height = rows.length;
  const context = canvas.getContext("2d"), image = context.createImageData(canvas.width, canvas.height);
  rows.flat(1).forEach((value, index) => image.data.set(colour(value), 4 * index));
  context.putImageData(image, 0, 0);
}
async function ask() {
  const file = get("file").files[0];
  if (!file) return;
  const answer = await fetch("/v1/explain?model=" + encodeURIComponent(get("model").value),
    {method: "POST", body: file, headers: {"Content-Type": file.type || "application/octet-stream"}});
  const found = await answer.json();
  get("error").textContent = found.error ? found.error.message + ". " + found.error.hint : "";
  if (found.error) return;
  const doubt = found.unknown ? " – unknown: " + found.reason : "";
  get("answer").textContent = found.name + doubt + " " + found.warnings.join("; ");
  draw(get("seen"), found.seen, value => Array.isArray(value) ? [...value, 255] : [value, value, value, 255]);
  const most = Math.max(...found.occlusion.losses.flat().map(Math.abs), 1e-9);
  const share = value => 255 - 255 * value / most;
  draw(get("map"), found.occlusion.losses, value => [255, share(Math.max(0, value)), share(Math.abs(value)), 255]);
  get("table").replaceChildren(...Object.entries(found.probabilities).map(([name, probability]) => {
    const row = document.createElement("tr"), bar = document.createElement("span");
    for (const text of [name, (100 * probability).toFixed(1) + " %"]) row.insertCell().textContent = text;
    bar.className = "bar"; bar.style.width = 200 * probability + "px"; row.insertCell().append(bar);
    return row;
  }));
}
get("file").onchange = get("model").onchange = ask;
fetch("/v1/model").then(answer => answer.json()).then(network => get("model").replaceChildren(
  ...network.models.map(name => new Option(name, name))));
</script>
</html>
"""
