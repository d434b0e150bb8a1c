// What elements in sources are made with; put in by build.mjs.
export {Fragment, h} from 'preact';
