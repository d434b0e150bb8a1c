const { title } = await (await fetch("config.json")).json();
document.getElementById("app").textContent = document.title = title;
